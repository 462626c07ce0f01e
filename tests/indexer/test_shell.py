"""Shell scripts: what can be called, and what is still to do."""

from tests.indexer.reading import facts, read, said

SCRIPT = """\
#!/bin/sh
# Back up the folder.
set -eu
readonly KEPT_DAYS=14  # two weeks
declare -r WHERE="/srv/backup"

# Remove what is older than KEPT_DAYS.
#
# Asks nobody.
clean_up() {
    # TODO: ask first
    find . -mtime +$KEPT_DAYS
    helper() { :; }
}

function log::say {
    echo "$1" # FIXME: not at the start
}
# Does nothing at all.

function none() ( : )
count=$(ls)
usage () { echo "a() {"; }
# TODO: test it
echo (a)
"""


def test_the_functions_and_constants_of_a_script_are_told() -> None:
    extraction = read(SCRIPT, "backup.sh")

    assert said(extraction) == [
        ("backup.KEPT_DAYS", "constant", "readonly KEPT_DAYS=14 # two weeks"),
        ("backup.WHERE", "constant", 'declare -r WHERE="/srv/backup"'),
        ("backup.clean_up", "function", "clean_up()"),
        ("backup.clean_up", "summary", "Remove what is older than KEPT_DAYS."),
        ("backup.clean_up", "todo", "ask first"),
        ("backup.log::say", "function", "function log::say"),
        ("backup.none", "function", "function none()"),
        ("backup.usage", "function", "usage ()"),
        ("backup", "todo", "test it"),
    ]
    assert extraction.state == "ok"
    assert all(SCRIPT[fact.start : fact.end] == fact.quote for fact in extraction.facts)


def test_a_line_of_a_script_that_is_very_long_is_passed_over() -> None:
    assert facts(read("a" * 100_000 + "() {\nb() {\n" + "#" * 100_000 + "\n", "x.sh"))[0].subject == "x.b"
