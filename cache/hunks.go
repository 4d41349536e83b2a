package cache

import "slices"

// hunk is a run of words in place of another one. at is where it begins: in the old list,
// or in the new one if nothing was there.
type hunk struct {
	at      int
	was, is []string
}

// hunks returns what differs between two lists of words, by their longest common
// subsequence. The table for that has a cell for each pair of words; lists for which it would
// have more than a few megabytes differ from their first to their last difference.
func hunks(old, new []string) []hunk {
	const most = 1 << 20
	front := 0
	for front < len(old) && front < len(new) && old[front] == new[front] {
		front++
	}
	back := 0
	for back < len(old)-front && back < len(new)-front && old[len(old)-1-back] == new[len(new)-1-back] {
		back++
	}
	a, b := old[front:len(old)-back], new[front:len(new)-back]
	var list []hunk
	differ := func(i, ii, j, jj int) {
		if i == ii && j == jj {
			return
		}
		h := hunk{front + i, slices.Clone(a[i:ii]), slices.Clone(b[j:jj])}
		if i == ii {
			h.at = front + j
		}
		list = append(list, h)
	}
	if len(a)*len(b) > most {
		differ(0, len(a), 0, len(b))
		return list
	}

	// common[i*w+j] is the length for a[i:] and b[j:].
	w := len(b) + 1
	common := make([]int32, (len(a)+1)*w)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*w+j] = common[(i+1)*w+j+1] + 1
			} else {
				common[i*w+j] = max(common[(i+1)*w+j], common[i*w+j+1])
			}
		}
	}
	i, j, fromA, fromB := 0, 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			differ(fromA, i, fromB, j)
			i, j = i+1, j+1
			fromA, fromB = i, j
		case common[(i+1)*w+j] >= common[i*w+j+1]:
			i++
		default:
			j++
		}
	}
	differ(fromA, len(a), fromB, len(b))
	return list
}
