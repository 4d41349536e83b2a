package decode

import (
	"strings"

	"deptrace/trace/event"
)

// attribute looks at which extended attribute is set or removed. Access control
// lists are attributes (acl(5), fs/posix_acl.c), and install(1), cp(1) and sed -i set
// one on every file that they make, as a way to set its mode: that is a change of
// metadata like chmod(2). The values of others are not part of a record.
func (c *Call) attribute(args *[6]uint64, mem Memory) error {
	name, err := mem.String(c.Spec.Attr.Of(args))
	if err == nil && strings.HasPrefix(name, "system.posix_acl_") {
		c.Op, c.Reason, c.Detail = event.SetXattr, "", ""
	}
	return err
}
