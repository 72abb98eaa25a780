#!/bin/sh
# The manual pages render without a word from any formatter, and the completions complete in their own shells.
# manual.sh SURGED
set -eu
surged=$(realpath "$1")
tree=$(dirname "$(dirname "$(realpath "$0")")")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"
bad=0
fail() { echo "$@"; bad=1; }
for tool in groff mandoc man bash zsh fish; do
    command -v $tool >/dev/null || { echo "$tool is not installed: the manual was not looked at"; exit 77; }
done

for name in surged.8 surged.yaml.5; do
    "$surged" manual page <"$tree/deploy/man/$name.in" >$name
    mandoc -Tlint -Wwarning $name >said 2>&1 || true
    groff -man -ww -b -Tutf8 -z $name >>said 2>&1
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "./$name" 2>>said >/dev/null
    [ ! -s said ] || fail "$name: $(cat said)"
done

for shell in bash zsh fish; do
    "$surged" manual $shell >$shell.completion
    $shell -n $shell.completion || fail "$shell does not read its completion"
done
touch surged.yaml 'a b.yaml'
mkdir state

# Each prints what is offered after the words of its arguments, one a line; the last word is being typed.
cat >ask.bash <<'END'
source ./bash.completion
compopt() { :; }
COMP_WORDS=(surged "$@") COMP_CWORD=$# COMPREPLY=()
_surged
printf '%s\n' "${COMPREPLY[@]}"
END
cat >ask.zsh <<'END'
_files() { [[ $1 == -/ ]] && print -l *(/) || print -l *.yaml }
compadd() { shift; print -l -- "$@" }
_describe() { local item; for item in "${(@P)@[-1]}"; do print -r -- "${item%%:*}"; done }
words=(surged "$@") CURRENT=$(($# + 1)) PREFIX=${@[-1]}
source ./zsh.completion
END
cat >ask.fish <<'END'
source ./fish.completion
complete -C "surged $argv" | string split -f1 \t
END

# offers SHELL WANTED|!UNWANTED WORD...
offers() {
    shell=$1 wanted=$2
    shift 2
    # The status of a completion says whether it offered something: what was offered is looked at instead.
    if [ "$shell" = fish ]; then fish ask.fish "$*" >offered; else $shell ask.$shell "$@" >offered; fi || true
    case $wanted in
        !*) ! grep -qxF -e "${wanted#!}" offered || fail "$shell offers ${wanted#!} after: surged $*" ;;
        *) grep -qxF -e "$wanted" offered || fail "$shell does not offer $wanted after: surged $*: $(cat offered)" ;;
    esac
}
for shell in bash zsh fish; do
    offers $shell backtest ""
    offers $shell '!manual' ""
    offers $shell ack incidents ""
    offers $shell '!run' incidents ""
    offers $shell --verdict incidents close --
    offers $shell false incidents close --verdict ""
    offers $shell '!--explain' incidents check --
    offers $shell --explain check --
    offers $shell surged.yaml check --config ""
    offers $shell 'a b.yaml' check --config ""
    offers $shell --breaches silences --server http://127.0.0.1:1 add --
    offers $shell '!surged.yaml' streams --server ""
done
for shell in bash zsh; do offers $shell state journal verify --storage ""; done
offers fish state/ journal verify --storage ""
offers bash surged.yaml check --config = surg
exit $bad
