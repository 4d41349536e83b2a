package store

// Step is how far something is.
type Step struct {
	Doing    string // one word
	Done, Of int
}

// Progress is called, by one goroutine at a time, whenever there is a step to tell of:
// often. It may be nil.
type Progress func(Step)

func (p Progress) tell(s Step) {
	if p != nil {
		p(s)
	}
}
