package manifest

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is a TOML table of which every key that is understood is taken out; what is
// left in the end is unknown. Keys are matched exactly: the decoder's own filling of
// structs takes "COMPLETE" for "complete".
type table struct {
	m     map[string]any
	name  string // empty: the top
	index int    // from 1 where there are several
}

func (t *table) where() string {
	switch {
	case t.name == "":
		return ""
	case t.index == 0:
		return t.name + ": "
	}
	return fmt.Sprintf("%s %d: ", t.name, t.index)
}

func (t *table) has(key string) bool {
	_, ok := t.m[key]
	return ok
}

// take returns the value of a key that must be there and be a T.
func take[T any](w *walker, t *table, key, what string) (v T, ok bool) {
	x, ok := t.m[key]
	if !ok {
		w.fail(t, "%s is missing", key)
		return v, false
	}
	delete(t.m, key)
	if v, ok = x.(T); !ok {
		w.fail(t, "%s is not %s", key, what)
	}
	return v, ok
}

func (w *walker) boolean(t *table, key string) bool {
	v, _ := take[bool](w, t, key, "true or false")
	return v
}

func (w *walker) integer(t *table, key string, least int64) int64 {
	v, ok := take[int64](w, t, key, "a whole number")
	if ok && (v < least || v > math.MaxInt64/2) {
		w.fail(t, "%s is %d, which cannot be", key, v)
	}
	return v
}

// text reads a string that stands under key or, in hexadecimal, under key_hex.
func (w *walker) text(t *table, key string) string {
	if !t.has(key + "_hex") {
		v, _ := take[string](w, t, key, "a string")
		return v
	}
	if t.has(key) {
		w.fail(t, "%s and %s_hex are both there", key, key)
	}
	v, ok := take[string](w, t, key+"_hex", "a string")
	if !ok {
		return ""
	}
	raw := w.unhex(t, key+"_hex", v)
	if utf8.ValidString(raw) {
		w.fail(t, "%s_hex holds what %s can", key, key)
	}
	return raw
}

func (w *walker) unhex(t *table, key, s string) string {
	raw, err := hex.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "ABCDEF") {
		w.fail(t, "%s is not in lower-case hexadecimal", key)
	}
	return string(raw)
}

// list reads strings that stand under key or, all in hexadecimal, under key_hex.
// Neither is an empty list.
func (w *walker) list(t *table, key string) []string {
	if !t.has(key + "_hex") {
		if !t.has(key) {
			return nil
		}
		return w.strings(t, key)
	}
	if t.has(key) {
		w.fail(t, "%s and %s_hex are both there", key, key)
	}
	list := w.strings(t, key+"_hex")
	allValid := true
	for i, s := range list {
		list[i] = w.unhex(t, key+"_hex", s)
		allValid = allValid && utf8.ValidString(list[i])
	}
	if allValid {
		w.fail(t, "%s_hex holds what %s can", key, key)
	}
	return list
}

func (w *walker) strings(t *table, key string) []string {
	values, ok := take[[]any](w, t, key, "a list")
	if !ok {
		return nil
	}
	list := make([]string, 0, len(values))
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			w.fail(t, "%s holds something that is not a string", key)
		}
		list = append(list, s)
	}
	return list
}

// sorted reads a list that is left out when empty, and sorted and without doubles
// otherwise.
func (w *walker) sorted(t *table, key string) []string {
	list := w.list(t, key)
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			w.fail(t, "%s: %q is out of order or there twice", key, list[i])
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// path reads a path form.
func (w *walker) path(t *table, key string) string {
	p := w.text(t, key)
	if !validForm(p) {
		w.fail(t, "%s %q is not in the form that a record uses", key, p)
	}
	return p
}

// digest reads a SHA-256, which can be missing in an incomplete record and where
// the caller says so.
func (w *walker) digest(t *table, optional bool) (d Digest) {
	if !t.has("sha256") && (optional || !w.complete) {
		return d
	}
	s, ok := take[string](w, t, "sha256", "a string")
	if !ok {
		return d
	}
	if len(s) != 2*len(d) {
		w.fail(t, "sha256 does not have %d digits", 2*len(d))
		return d
	}
	copy(d[:], w.unhex(t, "sha256", s))
	if w.err == nil && d.IsZero() {
		w.fail(t, "sha256 is zero")
	}
	return d
}

// named reads one of the names that the values from first to last have.
func named[K interface {
	~uint8
	String() string
}](w *walker, t *table, key string, first, last K) K {
	name := w.text(t, key)
	for k := first; k <= last; k++ {
		if k.String() == name {
			return k
		}
	}
	w.fail(t, "%s %q is unknown", key, name)
	return first
}

// environment reads env and env_hex, which hold different variables.
func (w *walker) environment(t *table) map[string]string {
	env := map[string]string{}
	if t.has("env") {
		values, _ := take[map[string]any](w, t, "env", "a table")
		for _, name := range slices.Sorted(maps.Keys(values)) {
			s, ok := values[name].(string)
			if !ok {
				w.fail(t, "env: %s is not a string", name)
			}
			if name == "" || strings.ContainsAny(name, "=\x00") {
				w.fail(t, "env: no variable is called %q", name)
			}
			env[name] = s
		}
	}
	if t.has("env_hex") {
		for _, v := range w.strings(t, "env_hex") {
			v = w.unhex(t, "env_hex", v)
			name, value, ok := strings.Cut(v, "=")
			if _, both := env[name]; both {
				w.fail(t, "env and env_hex both have %s", name)
			}
			if !ok || name == "" || utf8.ValidString(v) {
				w.fail(t, "env_hex: %q does not belong there", v)
			}
			env[name] = value
		}
	}
	return env
}

// sub returns the table under a key that must be there.
func (w *walker) sub(t *table, key string) *table {
	m, ok := take[map[string]any](w, t, key, "a table")
	if !ok {
		return nil
	}
	return &table{m: m, name: key}
}

// each calls f for the tables under a key.
func (w *walker) each(t *table, key string, f func(*table)) {
	if !t.has(key) {
		return
	}
	tables, _ := take[[]map[string]any](w, t, key, "a list of tables")
	for i, m := range tables {
		if w.err != nil {
			return
		}
		sub := table{m, key, i + 1}
		f(&sub)
		w.rest(&sub)
	}
}

// rest checks that nothing is left of a table.
func (w *walker) rest(t *table) {
	if len(t.m) > 0 && w.err == nil {
		w.fail(t, "key %q is unknown", slices.Min(slices.Collect(maps.Keys(t.m))))
	}
}
