#!/bin/sh
# Prints the scripts of folder $1 as C string macros: a script's "#!lua" line if
# it has one, the event it logs, the shared prelude, the refusal, the script.  A
# script that has more to do with a refusal says so and judges it itself.
# Comments stay behind.

set -eu

quote() {
    sed -e '/^#!/d' -e 's/^ *--.*$//' -e 's/^ *//' -e '/^$/d' \
        -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n" \\/' "$@"
}

echo "/* Made by embed.sh from the .lua files beside it. */"

for file in "$1"/*.lua; do
    name=$(basename "$file" .lua)
    [ "$name" = prelude ] && continue

    printf '\n#define KANDA_LUA_%s \\\n' \
           "$(echo "$name" | tr '[:lower:]' '[:upper:]')"
    sed -n -e '1s/^#!.*/    "&\\n" \\/p' "$file"

    if ! grep -q '^-- Stands without the prelude' "$file"; then
        event=$(sed -n 's/^-- Event: //p' "$file")
        echo "local event = '$event'" | quote
        quote "$1/prelude.lua"

        if ! grep -q '^-- Judges the refusal itself' "$file"; then
            echo 'if refusal then return refused() end' | quote
        fi
    fi

    quote "$file"
    echo '    ""'
done
