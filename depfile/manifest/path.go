package manifest

import (
	"path"
	"strings"
)

// Form returns the form in which a record names the file at an absolute, clean
// path: relative to root under it ("." for itself), behind "~/" under home, else as
// it is. A relative one that begins with "~" is written "./~". Root and home are
// absolute, clean and have no links in them; an empty home, or "/", is no home.
func Form(abs, root, home string) string {
	if rel, ok := under(abs, root); ok {
		if strings.HasPrefix(rel, "~") {
			return "./" + rel
		}
		return rel
	}
	if home == "" || home == "/" {
		return abs
	}
	if rel, ok := under(abs, home); ok {
		if rel == "." {
			return "~"
		}
		return "~/" + rel
	}
	return abs
}

// Abs returns the absolute path that a form stands for. It is empty for a file under
// the user's home if home is.
func Abs(form, root, home string) string {
	switch {
	case strings.HasPrefix(form, "/"):
		return form
	case form == "~":
		return home
	case strings.HasPrefix(form, "~/"):
		if home == "" {
			return ""
		}
		return join(home, form[2:])
	case form == ".":
		return root
	}
	return join(root, strings.TrimPrefix(form, "./"))
}

// under returns the way from dir to abs if abs is dir or below it.
func under(abs, dir string) (string, bool) {
	if abs == dir {
		return ".", true
	}
	if dir == "/" {
		return abs[1:], strings.HasPrefix(abs, "/")
	}
	if len(abs) > len(dir)+1 && abs[len(dir)] == '/' && abs[:len(dir)] == dir {
		return abs[len(dir)+1:], true
	}
	return "", false
}

func join(dir, rel string) string {
	if dir == "/" {
		return "/" + rel
	}
	return dir + "/" + rel
}

// validForm reports whether s is a form that Form returns for some path.
func validForm(s string) bool {
	if s == "" || strings.IndexByte(s, 0) >= 0 {
		return false
	}
	if rest, ok := strings.CutPrefix(s, "./"); ok {
		return strings.HasPrefix(rest, "~") && clean(rest)
	}
	if s[0] == '~' && s != "~" && s[1] != '/' {
		return false
	}
	return clean(s) && s != ".." && !strings.HasPrefix(s, "../")
}

func clean(s string) bool { return path.Clean(s) == s }

// outside reports whether a form names something that is not under the root.
func outside(form string) bool { return form[0] == '/' || form[0] == '~' }

// upward reports whether s leads from a directory to itself or one above it.
func upward(s string) bool {
	if s == "." {
		return true
	}
	for part := range strings.SplitSeq(s, "/") {
		if part != ".." {
			return false
		}
	}
	return true
}
