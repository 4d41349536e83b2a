#!/bin/sh
# update.sh FILE COMMAND...: runs the command and replaces FILE with what it prints, but
# leaves FILE alone if that is the same, so that ninja's restat sees that nothing came of it.
set -eu
file=$1
shift
"$@" > "$file.new"
if cmp -s "$file.new" "$file"; then
	rm "$file.new"
else
	mv "$file.new" "$file"
fi
