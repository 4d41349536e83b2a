package store

import "time"

// Stats is what is in a store.
type Stats struct {
	Dir       string
	Max       int64
	Blobs     Count
	Records   map[Kind]Count
	Temporary Count     // being written, or left over
	Oldest    time.Time // when the file that was not used for longest was used; zero if empty
}

// Total is all that counts for the limit.
func (s *Stats) Total() Count {
	sum := s.Blobs
	for _, c := range s.Records {
		sum.Files += c.Files
		sum.Bytes += c.Bytes
	}
	return sum
}

// Stats looks at all files and counts them. It changes nothing.
func (s *Store) Stats(progress Progress) (*Stats, error) {
	st := &Stats{Dir: s.dir, Max: s.max, Records: map[Kind]Count{}}
	items, _, err := s.scan(0, time.Time{}, progress)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		if it.kind == blobs {
			st.Blobs.add(it.size)
		} else {
			c := st.Records[it.kind]
			c.add(it.size)
			st.Records[it.kind] = c
		}
		if used := time.Unix(0, it.used); st.Oldest.IsZero() || used.Before(st.Oldest) {
			st.Oldest = used
		}
	}
	const never = 1 << 62
	if st.Temporary, err = s.leftovers(never); err != nil {
		return nil, err
	}
	return st, nil
}
