package store

import (
	"errors"
	"fmt"
	"slices"

	"deptrace/cache/digest"
)

// MaxSets is how many input sets are known of a command: with the last 16, going back and
// forth between branches finds all of them.
const MaxSets = 16

// ParseSets reads a record of the kind Sets: digests of blobs, one behind the other, the
// latest first. What is cut off, or more than MaxSets, is an error.
func ParseSets(data []byte) ([]digest.Sum, error) {
	const each = len(digest.Sum{})
	if len(data)%each != 0 {
		return nil, errors.New("a list of input sets is cut off")
	}
	if n := len(data) / each; n > MaxSets {
		return nil, fmt.Errorf("a list of %d input sets, and %d is the most", n, MaxSets)
	}
	var sets []digest.Sum
	for s := range slices.Chunk(data, each) {
		sets = append(sets, digest.Sum(s))
	}
	return sets, nil
}

// EncodeSets returns what ParseSets reads.
func EncodeSets(sets []digest.Sum) []byte {
	var data []byte
	for _, s := range sets {
		data = append(data, s[:]...)
	}
	return data
}

// MergeSets returns the first ones and behind them those of the others that are new, as
// many as there may be.
func MergeSets(first, others []digest.Sum) []digest.Sum {
	var merged []digest.Sum
	for _, s := range slices.Concat(first, others) {
		if len(merged) < MaxSets && !slices.Contains(merged, s) {
			merged = append(merged, s)
		}
	}
	return merged
}
