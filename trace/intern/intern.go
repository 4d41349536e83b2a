// Package intern gives equal names one string, so that a name which a step uses a million
// times is allocated once.
//
// A [Table] holds as much as a large build's names. Beyond that it starts anew: a step that
// makes up a name for each call costs an allocation for each, and no more memory for it.
package intern

// A Table holds strings. The zero Table is ready for use. It must not be used by two
// goroutines at a time.
type Table struct {
	strings map[string]string
	size    int
}

// limit is how much a table holds, in bytes, and perEntry what an entry takes besides its text.
const limit, perEntry = 4 << 20, 48

// String returns the string with the bytes of b.
func (t *Table) String(b []byte) string {
	if s, ok := t.strings[string(b)]; ok {
		return s
	}
	t.size += len(b) + perEntry
	if t.strings == nil || t.size > limit {
		t.strings = make(map[string]string)
		t.size = len(b) + perEntry
	}
	s := string(b)
	t.strings[s] = s
	return s
}
