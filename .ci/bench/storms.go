package main

// storms are what no build is: the price of one thing, and nothing else.
func storms() []*workload {
	return []*workload{
		{
			name: "calls", what: "40,000 opens and failed stats, nothing else",
			argv:    func(b *bench) []string { return []string{b.bin("calls"), "40000"} },
			outputs: []string{"done"},
		},
		{
			name: "forks", what: "1,000 times true, one after the other",
			argv:    func(b *bench) []string { return []string{b.bin("forks"), "1000", "/bin/true"} },
			outputs: []string{"done"},
		},
		{
			name: "start", what: "true, against an empty Go program",
			argv:  line("/bin/true"),
			base:  func(b *bench) []string { return []string{b.bin("nothing")} },
			quick: true, goal: 2.5,
		},
	}
}
