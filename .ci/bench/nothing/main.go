// Nothing is what an empty Go program costs: the least that a program like deptrace can take
// to start and to end.
package main

func main() {}
