package main

import (
	"slices"
	"time"
)

// spread is what a series comes down to.
type spread struct {
	n             int
	med, min, max float64
}

func spreadOf(v []float64) spread {
	if len(v) == 0 {
		return spread{}
	}
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return spread{n: n, med: (v[(n-1)/2] + v[n/2]) / 2, min: v[0], max: v[n-1]}
}

// paired applies f to the runs of two rows in the same rounds.
func paired(a, b *row, f func(a, b float64) float64) (v []float64) {
	of := map[int]float64{}
	for _, t := range b.runs {
		of[t.round] = t.wall.Seconds()
	}
	for _, t := range a.runs {
		if s, ok := of[t.round]; ok {
			v = append(v, f(t.wall.Seconds(), s))
		}
	}
	return v
}

// ratio is how many times as long a takes as b.
func ratio(a, b *row) spread {
	return spreadOf(paired(a, b, func(a, b float64) float64 { return a / b }))
}

// more is how much longer a takes than b, in seconds.
func more(a, b *row) spread {
	return spreadOf(paired(a, b, func(a, b float64) float64 { return a - b }))
}

// wall is how long a row's runs take, in seconds.
func (r *row) wall() spread {
	var v []float64
	for _, t := range r.runs {
		v = append(v, t.wall.Seconds())
	}
	return spreadOf(v)
}

// duration prints seconds with three digits.
func duration(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch size := d.Abs(); {
	case size >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case size >= 100*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case size >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
