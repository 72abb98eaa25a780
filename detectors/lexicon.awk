# vader_lexicon.txt (word, mean value, ...) -> lines of the table in tone.cpp: words only, tenths.
BEGIN { FS = "\t" }
$1 ~ /^[a-z][a-z']*$/ && $2 + 0 != 0 && !seen[$1]++ {
    printf "{\"%s\", %d},\n", $1, ($2 < 0 ? $2 * 10 - 0.5 : $2 * 10 + 0.5)
}
