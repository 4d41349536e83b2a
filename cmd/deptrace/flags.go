package main

// Flags are read by a parser of our own and not by package flag: gcc's names
// (-MF, -MP=false) stand beside long ones, the words of the step's command follow,
// long names can be set as variables, and an unknown one is answered with one that is
// near, if there is one.

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

var (
	errHelp    = errors.New("help")
	errVersion = errors.New("version")
)

// flagDef is a flag.
type flagDef struct {
	name  string // without dashes
	short string // another name for it, or empty
	// isBool is set for a flag that is set by standing there.
	isBool bool
	// variable is whether DEPTRACE_NAME sets the flag, too.
	variable bool
	// list is whether it can be given several times.
	list bool
	set  func(value string) error
}

// dashed returns the name as it is usually written: one dash before gcc's names and
// single letters, two before the others.
func dashed(name string) string {
	if len(name) == 1 || name[0] == 'M' {
		return "-" + name
	}
	return "--" + name
}

func textFlag(name string, p *string) flagDef {
	return flagDef{name: name, variable: true, set: func(v string) error {
		if v == "" {
			return errors.New("the value is empty")
		}
		*p = v
		return nil
	}}
}

func boolFlag(name string, p *bool) flagDef {
	return flagDef{name: name, isBool: true, variable: true, set: func(v string) (err error) {
		if *p, err = strconv.ParseBool(v); err != nil {
			return errors.New("want true or false")
		}
		return nil
	}}
}

func listFlag(name string, p *[]string) flagDef {
	return flagDef{name: name, list: true, variable: true, set: func(v string) error {
		if v == "" {
			return errors.New("the value is empty")
		}
		*p = append(*p, v)
		return nil
	}}
}

// wordsFlag is a flag for several words with commas between them, which can be given several
// times, too.
func wordsFlag(name string, p *[]string) flagDef {
	return flagDef{name: name, list: true, variable: true, set: func(v string) error {
		for word := range strings.SplitSeq(v, ",") {
			if word == "" {
				return errors.New("a word is empty")
			}
			*p = append(*p, word)
		}
		return nil
	}}
}

// choiceFlag is a flag for one of a few words.
func choiceFlag[T ~string](name string, p *T, choices ...T) flagDef {
	return flagDef{name: name, variable: true, set: func(v string) error {
		if !slices.Contains(choices, T(v)) {
			var words []string
			for _, c := range choices {
				words = append(words, string(c))
			}
			last := len(words) - 1
			return fmt.Errorf("want %s or %s", strings.Join(words[:last], ", "), words[last])
		}
		*p = T(v)
		return nil
	}}
}

// only takes a flag's variable away: its name says nothing outside the command
// line that it stands on.
func only(d flagDef) flagDef {
	d.variable = false
	return d
}

// short gives a flag a second name.
func short(s string, d flagDef) flagDef {
	d.short = s
	return d
}

// helpFlags are flags of every command.
func helpFlags() []flagDef {
	return []flagDef{
		{name: "help", short: "h", isBool: true, set: func(string) error { return errHelp }},
		{name: "version", isBool: true, set: func(string) error { return errVersion }},
	}
}

// flagError is a mistake on the command line.
type flagError struct{ message, hint string }

func (e *flagError) Error() string { return e.message }

// variables sets the flags whose variables are set. An empty variable is not set.
func variables(defs []flagDef) error {
	for _, d := range defs {
		if !d.variable {
			continue
		}
		name := "DEPTRACE_" + strings.ReplaceAll(strings.ToUpper(d.name), "-", "_")
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		values := []string{value}
		if d.list {
			values = strings.Split(value, ",")
		}
		for _, v := range values {
			if err := d.set(v); err != nil {
				return &flagError{message: fmt.Sprintf("variable %s is %s: %v", name, strconv.Quote(value), err)}
			}
		}
	}
	return nil
}

// flags sets the flags at the front of args and returns the words behind them.
// dashes tells whether a "--" came between the two.
func flags(defs []flagDef, args []string) (rest []string, dashes bool, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return args[i+1:], true, nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			return args[i:], false, nil
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		d := find(defs, name)
		if d == nil {
			return nil, false, unknown(defs, arg, name)
		}
		switch {
		case joined:
		case d.isBool:
			value = "true"
		case i+1 == len(args) || args[i+1] == "--":
			return nil, false, &flagError{message: "flag " + dashed(name) + " needs a value"}
		default:
			i++
			value = args[i]
		}
		if err := d.set(value); err != nil {
			if err == errHelp || err == errVersion {
				return nil, false, err
			}
			return nil, false, &flagError{message: fmt.Sprintf("flag %s %s: %v", dashed(name), strconv.Quote(value), err)}
		}
	}
	return nil, false, nil
}

// operands is variables and flags for a command whose flags may also stand behind its
// operands.
func operands(defs []flagDef, args []string) (operands []string, err error) {
	if err := variables(defs); err != nil {
		return nil, err
	}
	for {
		rest, dashes, err := flags(defs, args)
		if err != nil {
			return nil, err
		}
		if dashes || len(rest) == 0 {
			return append(operands, rest...), nil
		}
		operands = append(operands, rest[0])
		args = rest[1:]
	}
}

func find(defs []flagDef, name string) *flagDef {
	for i := range defs {
		if defs[i].name == name || defs[i].short != "" && defs[i].short == name {
			return &defs[i]
		}
	}
	return nil
}

func unknown(defs []flagDef, arg, name string) error {
	var names []string
	for _, d := range defs {
		names = append(names, d.name)
		if d.short != "" {
			names = append(names, d.short)
		}
	}
	word, _, _ := strings.Cut(arg, "=")
	hint := "`deptrace --help` lists all that there are"
	if best, near := nearest(name, names); near {
		hint = "the nearest one is " + dashed(best)
	}
	return &flagError{"unknown flag " + printable(word), hint}
}

// badUsage tells about an error of variables, flags or operands.
func badUsage(err error, status int) int {
	if s, done := help(err); done {
		return s
	}
	errorf("%v", err)
	var e *flagError
	if errors.As(err, &e) && e.hint != "" {
		hintf("%s", e.hint)
	}
	return status
}
