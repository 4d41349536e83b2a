package depfile

import "fmt"

// Role is where in a rule a name stands. The same name can be possible in one
// place and impossible in another.
type Role uint8

// The roles.
const (
	AsDep    Role = iota // to the right of the colon
	AsTarget             // to the left of it
	AsPhony              // to the left of it, in a line of its own
)

var roleNames = []string{"a dependency", "a target", "a phony target"}

func (r Role) String() string { return roleNames[r] }

// NameError says that a dialect has no way to write a name. The other dialects
// may have one.
type NameError struct {
	Name    string // without a leading "./"
	Byte    byte   // what stands in the way; 0 also where that is the empty name
	Offset  int    // of Byte in Name
	Dialect Dialect
	Role    Role
	Reason  string // what the byte would do there
}

func (e *NameError) Error() string {
	at := ""
	if e.Name != "" {
		at = fmt.Sprintf("byte %s at offset %d: ", quoteByte(e.Byte), e.Offset)
	}
	return fmt.Sprintf("%q cannot be %s in the %s dialect: %s%s", e.Name, e.Role, e.Dialect, at, e.Reason)
}

func quoteByte(c byte) string {
	if c < 0x80 {
		return fmt.Sprintf("%q", rune(c))
	}
	return fmt.Sprintf("'\\x%02x'", c)
}

// Expressible reports why d cannot write name as a dependency or, if phony is set,
// why it cannot write the phony line for it. The error is a [*NameError], whose
// Role is AsPhony if all that is lost is the phony line.
func Expressible(name string, d Dialect, phony bool) error {
	name = clean(name)
	if _, err := quote(name, d, AsDep); err != nil {
		return err
	}
	if phony {
		if _, err := quote(name, d, AsPhony); err != nil {
			return err
		}
	}
	return nil
}
