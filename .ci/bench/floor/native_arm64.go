package main

import "deptrace/trace/syscalls"

const native = syscalls.ARM64
