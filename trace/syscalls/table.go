package syscalls

import "deptrace/trace/event"

// tables are the rows by subject.
var tables = [...][]Spec{
	lookRows, openRows, nameRows, metadataRows, processRows, socketRows,
	incompleteRows, descriptorRows, readingRows, harmlessRows,
}

// Kernel is the latest Linux release, as major and minor number, of whose calls the table
// knows every one.
var Kernel = [2]int{7, 0}

// Newer stands for every call with a higher number than any in the table.
var Newer = Spec{Name: "newer", Op: event.Incomplete, Reason: event.NotModelled}

// index finds rows by number, last is the highest number that has been looked at
// when the table was made, including those of calls without a row.
var index, last = func() (index [numABI][512]*Spec, last [numABI]uint64) {
	for _, rows := range tables {
		for i := range rows {
			for a := range numABI {
				if nr := rows[i].Nr.Of(a); nr != none {
					index[a][nr] = &rows[i]
				}
			}
		}
	}
	// The three share their numbers from 424 on, so they end together:
	// rseq_slice_yield of Linux 7.0.
	for _, a := range []ABI{AMD64, I386, ARM64} {
		last[a] = 471
	}
	return index, last
}()

// Lookup returns the row of a call, [Newer] for a number that is beyond the table,
// and nil for a call that has to do neither with files nor with descriptors, and
// for every call of an ABI that has no table. It may be a row that says why the
// call is harmless.
func Lookup(abi ABI, nr uint64) *Spec {
	if abi >= numABI || last[abi] == 0 || nr >= noCall {
		return nil
	}
	if nr > last[abi] {
		return &Newer
	}
	return index[abi][nr]
}

// All calls f with every row.
func All(f func(*Spec)) {
	for _, rows := range tables {
		for i := range rows {
			f(&rows[i])
		}
	}
}
