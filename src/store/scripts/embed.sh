#!/bin/sh
# Prints the scripts of folder $1 as C string macros: a script's "#!lua" line if
# it has one, the event it logs (a name, or an argument that has it), the shared
# prelude, the refusal, the script.  A
# script that has more to do with a refusal says so and judges it itself.
# Comments stay behind.

set -eu

# A file with what it includes; a piece may include one more.
expand() {
    awk -v dir="$folder" '
        function show(file,    line, part) {
            while ((getline line < file) > 0) {
                if (line ~ /^ *-- Include: /) {
                    part = line
                    sub(/^ *-- Include: /, "", part)
                    show(dir "/" part)
                } else {
                    print line
                }
            }
            close(file)
        }
        BEGIN { show(ARGV[1]) }' "$1"
}

quote() {
    sed -e '/^#!/d' -e 's/^ *--.*$//' -e 's/^ *//' -e '/^$/d' \
        -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n" \\/'
}

guard() {
    echo 'if refusal then'
    if [ -n "$1" ]; then
        # a caller who is alive but may not do this leaves a trace
        echo "if refusal[1] == 'scope' then"
        echo "log(event, false, refusal[2]) end"
    fi
    echo 'return refusal end'
}

folder=$1

echo "/* Made by embed.sh from the .lua files beside it. */"

for file in "$folder"/*.lua; do
    name=$(basename "$file" .lua)
    [ "$name" = prelude ] && continue

    printf '\n#define KANDA_LUA_%s \\\n' \
           "$(echo "$name" | tr '[:lower:]' '[:upper:]')"
    sed -n -e '1s/^#!.*/    "&\\n" \\/p' "$file"

    event=$(sed -n 's/^-- Event: //p' "$file")

    if ! grep -q '^-- Stands without the prelude' "$file"; then
        case $event in
            ARGV*) echo "local event = $event" ;;
            *) echo "local event = '$event'" ;;
        esac | quote
        expand "$folder/prelude.lua" | quote

        if ! grep -q '^-- Judges the refusal itself' "$file"; then
            guard "$event" | quote
        fi
    fi

    expand "$file" | quote
    echo '    ""'

    case $event in
        ARGV*) event= ;;
    esac
    printf '#define KANDA_EVENT_%s "%s"\n' \
           "$(echo "$name" | tr '[:lower:]' '[:upper:]')" "$event"
done
