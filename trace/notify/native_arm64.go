package notify

import "deptrace/trace/syscalls"

const native = syscalls.ARM64
