# For comparison: the usual Makefile, with the dependencies that gcc can tell. Edit
# data/planets.tsv and nothing is made.

CC = gcc
CFLAGS = -O1 -Wall
CPPFLAGS = -Ilocal -Iinclude -Ibuild -MMD -MP

objects = build/main.o build/table.o build/weight.o

build/planets: $(objects)
	$(CC) -o $@ $(objects)

build/%.o: src/%.c | build build/table.h build/about.h
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

build/table.h: tools/table.sh | build
	sh tools/table.sh > $@

build/about.h: tools/about.sh | build
	sh tools/about.sh > $@

build:
	mkdir -p build

-include $(wildcard build/*.d)

clean:
	rm -rf build

.PHONY: clean
.DELETE_ON_ERROR:
