#!/bin/sh
# Prints data/planets.tsv as the lines of a C table.
set -eu
while read -r name gravity; do
	case $name in
	'' | '#'*) ;;
	*) printf '\t{ "%s", %s },\n' "$name" "$gravity" ;;
	esac
done < data/planets.tsv
