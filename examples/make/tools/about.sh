#!/bin/sh
# Prints "data/where it is from.txt" as a C string.
set -eu
echo 'static const char about[] ='
while IFS= read -r line; do
	printf '\t"%s\\n"\n' "$line"
done < 'data/where it is from.txt'
echo '	;'
