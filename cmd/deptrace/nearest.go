package main

import "strings"

// nearest returns the candidate that takes the fewest edits to become word, and whether
// it is near enough to be what was meant: but for the case of letters a third of it is
// edited, or one is the beginning of the other.
func nearest(word string, candidates []string) (best string, near bool) {
	bestDistance := 0
	for _, c := range candidates {
		// Case counts half: -mf is nearer to -MF than to -m.
		d := distance(word, c) + distance(strings.ToLower(word), strings.ToLower(c))
		if best == "" || d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if word == "" {
		return best, false
	}
	word, lower := strings.ToLower(word), strings.ToLower(best)
	near = distance(word, lower) <= (max(len(word), len(best))+1)/3 || strings.HasPrefix(word, lower) || strings.HasPrefix(lower, word)
	return best, near
}

// distance is how many bytes must be added, taken out or replaced to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
