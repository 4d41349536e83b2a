package remote

import (
	"fmt"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// setsParcel is the parcel of a list of sets. Their sizes are those given, and unknown otherwise.
func setsParcel(sets []digest.Sum, sizes map[digest.Sum]int64) parcel {
	p := parcel{Data: store.EncodeSets(sets)}
	for i, s := range sets {
		size, known := sizes[s]
		if !known {
			size = -1
		}
		p.Blobs = append(p.Blobs, Blob{Path: fmt.Sprintf("deptrace-set/%d", i), Sum: s, Size: size})
	}
	return p
}
