"""reStructuredText: outline, lists, tables and links, and what is stepped over."""

import pytest

from tests.indexer.reading import facts, read, said

TEXT = """\
=======
Reading
=======

:Author: K. Amadi
:Summary: it goes on
   over lines
:param x: no field
:ref:`label` is no field

Raft
====

Owner: Dana

The wait is 5 ms. For example::

   Key: not a fact

   # nor this

.. note::

   Key: not a fact

.. A comment
   Key: not a fact

.. code-block:: python

   timeout: int = 5

.. todo:: read chapter 4
.. todo::

   and *the* rest
   of it

.. todo::

Terms
-----

term : noun
    A number that
    only rises.

Not a term.
  quoted

----

Decisions
~~~~~~~~~

- Use Raft
  everywhere

x
===
"""


def test_the_outline_goes_by_the_order_of_the_signs() -> None:
    extraction = read(TEXT, "notes.rst")

    assert [(h.level, h.title, h.line) for h in extraction.headings] == [
        (1, "Reading", 2),
        (2, "Raft", 11),
        (3, "Terms", 41),
        (4, "Decisions", 53),
        (2, "x", 59),
    ]


def test_lists_of_fields_and_terms_are_fields_and_directives_are_stepped_over() -> None:
    assert said(read(TEXT, "notes.rst")) == [
        ("Reading", "Author", "K. Amadi"),
        ("Reading", "Summary", "it goes on over lines"),
        ("Reading > Raft", "Owner", "Dana"),
        ("Reading > Raft", "wait", "5 ms"),
        ("Reading > Raft", "todo", "read chapter 4"),
        ("Reading > Raft", "todo", "and *the* rest of it"),
        ("Reading > Raft > Terms", "term", "A number that only rises."),
        ("Reading > Raft > Terms > Decisions", "decision", "Use Raft everywhere"),
    ]


SIMPLE = """\
=========  ========  =======
Protocol   p50 (ms)  note
=========  ========  =======
Raft       4.1       fast and longer than its column
Paxos      4.6       goes
                     on
           7
=========  ========  =======
"""
GRID = """\
+----------+--------+------+
| Protocol | p50    | note |
+==========+========+======+
| Raft     | 4.1    | fast |
+----------+--------+------+
| Paxos    | goes   | x    |
|          | on     |      |
+----------+--------+------+
| merged            | y    |
+----------+--------+------+
| short
"""
LISTED = """\
.. list-table:: Protocols
   :header-rows: 1

   * - Protocol
     - p50
   * - Raft
     - 4.1
   * - Paxos
     - goes
       on
   -
"""


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        (
            SIMPLE,
            [
                ("Raft", "p50 (ms)", "4.1"),
                ("Raft", "note", "fast and longer than its column"),
            ],
        ),
        (GRID, [("Raft", "p50", "4.1"), ("Raft", "note", "fast"), ("Paxos", "note", "x")]),
        (LISTED, [("Raft", "p50", "4.1")]),
    ],
)
def test_the_cells_of_every_kind_of_table_are_read(table: str, cells: list[tuple[str, str, str]]) -> None:
    extraction = read(f"Costs\n=====\n\nSome text\n{table}\nOwner: Dana\n", "x.rst")

    assert said(extraction, "cell") == cells
    assert ("Costs", "Owner", "Dana") in said(extraction)


@pytest.mark.parametrize(
    "table",
    [
        "====  ====\na     b\n====  ====\n",
        "====  ====\na     b\n",
        "====  ====\n====  ====\na     b\n",
        "====  ====\na\n====  ====\nx     y\n====  ====\n",
        "+---+---+\n| a | b |\n+---+---+\n| c | d |\n+---+---+\n",
        ".. list-table::\n\n   * - a\n     - b\n   * - c\n     - d\n",
        ".. list-table::\n   :header-rows: 1\n\n   text\n",
        "+===+===+\n" + "| a | b |\n" * 99,
        "====  ====\n" + "      b\n" * 99,
    ],
)
def test_a_table_without_a_head_states_nothing(table: str) -> None:
    assert said(read(table, "x.rst")) == []


def test_links_lead_to_the_target_that_stands_with_them_or_elsewhere() -> None:
    text = (
        "See `the Raft paper <https://example.org/raft.pdf>`_, the `project page`_ and `unknown words`_.\n\n"
        ".. _Project Page: https://example.org/p\n"
    )
    found = facts(read(text, "x.rst"), "link")

    assert [(f.key, f.value, f.quote) for f in found] == [
        ("the Raft paper", "https://example.org/raft.pdf", "`the Raft paper <https://example.org/raft.pdf>`_"),
        ("project page", "https://example.org/p", "`project page`_"),
    ]


@pytest.mark.parametrize(
    "text", ["===\n", "===\nx", "::\n\n  x", "a::", ".. x::", ":a:", "a\n b", "+--+", "``x``_ ===\n\n="]
)
def test_the_end_of_a_text_may_come_anywhere(text: str) -> None:
    assert read(text, "x.rst").state == "ok"
