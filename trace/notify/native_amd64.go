package notify

import "deptrace/trace/syscalls"

const native = syscalls.AMD64
