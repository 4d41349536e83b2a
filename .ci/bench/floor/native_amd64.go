package main

import "deptrace/trace/syscalls"

const native = syscalls.AMD64
