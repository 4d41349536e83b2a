package manifest

// deeper reports whether brackets and braces outside of strings and comments stand
// more than n deep in each other, or a line has a key of more than n parts: a decoder
// takes time with the square of that.
func deeper(data []byte, n int) bool {
	depth, dots := 0, 0
	var quote byte // of the string we are in
	var long bool  // whether it is one of three quotes
	for i := 0; i < len(data); i++ {
		c := data[i]
		triple := i+2 < len(data) && data[i+1] == c && data[i+2] == c
		switch {
		case quote != 0:
			switch {
			case c == '\\' && quote == '"':
				i++
			case c == '\n' && !long, c == quote && !long:
				quote = 0
			case c == quote && triple:
				quote, i = 0, i+2
				// One or two more are the last of the string.
				for j := 0; j < 2 && i+1 < len(data) && data[i+1] == c; j++ {
					i++
				}
			}
		case c == '"' || c == '\'':
			quote, long = c, triple
			if triple {
				i += 2
			}
		case c == '#':
			for i+1 < len(data) && data[i+1] != '\n' {
				i++
			}
		case c == '[' || c == '{':
			if depth++; depth > n {
				return true
			}
		case c == ']' || c == '}':
			depth--
		case c == '.':
			if dots++; dots > n {
				return true
			}
		case c == '\n':
			dots = 0
		}
	}
	return false
}
