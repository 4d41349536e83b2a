package depfile

// IncompleteName is the dependency of an incomplete rule. There must never be a
// file of this name.
const IncompleteName = "deptrace-incomplete"

// Rule says that targets are to be made again when a dependency has changed.
type Rule struct {
	// Targets are the files that the step made, as the build names them: the first
	// one as ninja knows the first output.
	Targets []Target
	// Deps are the files that the step needed.
	Deps []string
	// Phony adds an empty rule for each dependency (gcc's -MP), so that make goes
	// on, and runs the step again, when one has been removed.
	Phony bool
	// Incomplete adds the dependency [IncompleteName], which never exists: make and
	// ninja run the step again, every time. It has its phony line in any case.
	Incomplete bool
}

// Target is a name on the left of the colon.
type Target struct {
	Name string
	// Verbatim is set for a name that is written as it stands (gcc's -MT) and not
	// quoted (-MQ): a make variable, several names at once.
	Verbatim bool
}
