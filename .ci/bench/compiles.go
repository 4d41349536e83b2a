package main

import "strings"

// hello is the file of DESIGN's "20 ms": three system headers and little else.
const hello = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) { puts("hello"); return strlen("x") == EXIT_FAILURE; }
`

// words is a C++ program as they are: half of its time goes into headers.
const words = `#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main()
{
	std::map<std::string, int> seen;
	std::regex word("[a-z]+");
	for (std::string line; std::getline(std::cin, line);)
		for (std::sregex_iterator at(line.begin(), line.end(), word), end; at != end; ++at)
			seen[at->str()]++;
	std::vector<std::pair<std::string, int>> all(seen.begin(), seen.end());
	std::sort(all.begin(), all.end(), [](auto &a, auto &b) { return a.second > b.second; });
	for (auto &[name, count] : all)
		std::cout << count << ' ' << name << '\n';
}
`

// compiles are single compiles.
func compiles() []*workload {
	return []*workload{
		{
			name: "gcc", what: "gcc -c of a file with three system headers",
			argv: line("gcc", "-c", "hello.c", "-o", "hello.o"), template: files(map[string]string{"hello.c": hello}),
			outputs: []string{"hello.o"}, rule: true, compiler: true, quick: true, goal: 1.9,
		},
		{
			name: "gcc-long", what: "gcc -O2 -c of a long file",
			argv: line("gcc", "-O2", "-c", "long.c", "-o", "long.o"), template: files(map[string]string{"long.c": long()}),
			outputs: []string{"long.o"}, rule: true, compiler: true, goal: 1.03,
		},
		{
			name: "g++", what: "g++ -c of a file with regex, map and iostream",
			argv: line("g++", "-c", "words.cc", "-o", "words.o"), template: files(map[string]string{"words.cc": words}),
			outputs: []string{"words.o"}, rule: true, compiler: true,
		},
	}
}

// long is a file whose compile takes the better part of a second: many functions, each of
// which gives an optimiser something to do.
func long() string {
	var s strings.Builder
	s.WriteString(hello[:strings.Index(hello, "int main")])
	for i := range 80 {
		s.WriteString(strings.ReplaceAll(`
static unsigned mix@(const unsigned char *p, unsigned n)
{
	unsigned h = @, k;
	for (k = 0; k < n; k++) {
		h ^= p[k] * 2654435761u;
		switch (h & 7) {
		case 0: h = h << 5 | h >> 27; break;
		case 1: h += p[k ? k - 1 : 0] + @; break;
		case 2: if (h > 1000) h /= 3; else h *= 7; break;
		case 3: h = (h & 0xff00ff) << 8 | (h >> 8 & 0xff00ff); break;
		default: h -= k * @;
		}
	}
	return h;
}
char *name@(char *to, int n) { sprintf(to, "%u", mix@((unsigned char *)to, n)); return strdup(to); }
`, "@", itoa(i)))
	}
	return s.String()
}
