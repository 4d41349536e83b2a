package remote

import (
	"errors"
	"fmt"
	"slices"

	"deptrace/cache/digest"
)

// maxSets is how many input sets are known of a command.
const maxSets = 16

// parseSets reads the record of a command's input sets: digests, one behind the other,
// the latest first.
func parseSets(data []byte) ([]digest.Sum, error) {
	const each = len(digest.Sum{})
	if len(data)%each != 0 {
		return nil, errors.New("a list of input sets is cut off")
	}
	if n := len(data) / each; n > maxSets {
		return nil, fmt.Errorf("a list of %d input sets, and %d is the most", n, maxSets)
	}
	var sets []digest.Sum
	for s := range slices.Chunk(data, each) {
		sets = append(sets, digest.Sum(s))
	}
	return sets, nil
}

func encodeSets(sets []digest.Sum) []byte {
	var data []byte
	for _, s := range sets {
		data = append(data, s[:]...)
	}
	return data
}

// mergeSets returns the first ones and behind them those of the others that are new, as
// many as there may be.
func mergeSets(first, others []digest.Sum) []digest.Sum {
	var merged []digest.Sum
	for _, s := range slices.Concat(first, others) {
		if len(merged) < maxSets && !slices.Contains(merged, s) {
			merged = append(merged, s)
		}
	}
	return merged
}

// setsParcel is the parcel of a list of sets. Their sizes are those given, and unknown otherwise.
func setsParcel(sets []digest.Sum, sizes map[digest.Sum]int64) parcel {
	p := parcel{Data: encodeSets(sets)}
	for i, s := range sets {
		size, known := sizes[s]
		if !known {
			size = -1
		}
		p.Blobs = append(p.Blobs, Blob{Path: fmt.Sprintf("deptrace-set/%d", i), Sum: s, Size: size})
	}
	return p
}
