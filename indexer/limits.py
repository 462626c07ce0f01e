"""Every limit of the indexer, in one place, with its unit.

A file that meets one of them is still indexed as far as it goes; its state says ``limited`` and why.
"""

from typing import Final

INDEXED_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of one file that are looked at; the rest is neither searched by rank nor turned into facts."""

STRUCTURED_CHARS_MAX: Final = 2 * 1024 * 1024
"""Characters up to which JSON, YAML, TOML, CSV and HTML are taken apart; longer files give passages only."""

CODE_CHARS_MAX: Final = 256 * 1024
"""Characters up to which source code is parsed: Python's parser cannot be interrupted."""

CODE_NESTING_MAX: Final = 200
"""Brackets open at once up to which source code is parsed: deeper ones took gigabytes (C# at 10,000, 2026-11-30)."""

CODE_ANGLES_MAX: Final = 32
"""The same of ``<`` that may be brackets or not: the parser follows both readings of each."""

CODE_STEPS_PER_KIB: Final = 60
"""Hundreds of the parser's steps for each KiB of source; the code of large projects took up to 20 (2026-11-30)."""

CODE_STEPS_MIN: Final = 1_000
"""Hundreds of steps that even a short source has."""

PARSE_CPU_S_MAX: Final = 1.0
"""Processor seconds after which parsing one source ends; 256 KiB of usual code take 0.1."""

DOCUMENT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes up to which documents and images are opened: unlike text, they cannot be read from their beginning alone."""

CONVERTED_CHARS_MAX: Final = 4 * 1024 * 1024
"""Characters that are kept of what a document says: a few thousand pages."""

PAGES_MAX: Final = 20_000
"""Pages, slides or sheets of a document that are told apart; what follows stands on the last of them."""

ARCHIVE_PARTS_MAX: Final = 10_000
"""Files inside a zipped document; a book of this many chapters would be strange, an archive that kills is not."""

ARCHIVE_UNPACKED_BYTES_MAX: Final = 256 * 1024 * 1024
"""Bytes that the parts of a zipped document may unpack to, by its own account: a child holds them in memory."""

IMAGE_PIXELS_MAX: Final = 40_000_000
"""Pixels up to which an image is looked at for text: four bytes of memory each, and several copies."""

IMAGE_ENTRIES_MAX: Final = 64
"""Entries of metadata that are taken from one image."""

FACTS_PER_FILE_MAX: Final = 5_000
DISTINCT_VALUES_MAX: Final = 1_000
"""Different values of one column that are told apart; beyond it a profile says ``at least``."""

TABLES_PROFILED_MAX: Final = 50
"""Arrays of objects in one file whose columns are counted."""

ERRORS_PER_LOG_MAX: Final = 50
"""Different errors of one log that become facts; numbers, paths and values in them make no difference."""

LINKS_PER_FILE_MAX: Final = 200
"""Links of one file that become facts: a list of links must not push out everything else."""

OUTPUT_CHARS_MAX: Final = 2_000
"""Characters of the output of one notebook cell that can be searched."""

PASSAGES_PER_FILE_MAX: Final = 8_192
PASSAGES_PER_TABLE_MAX: Final = 1_000
"""The same of CSV and TSV: over a megabyte, of which the rows are hardly told apart by rank."""

NUMBERS_PER_FILE_MAX: Final = 100_000
"""Different numbers and codes of a file with which its last passage is reached: a log may have five times these."""

NUMBERS_PER_TABLE_MAX: Final = 20_000
"""The same of CSV and TSV: each costs as much as a word, and hardly one of them is asked for."""

NESTING_MAX: Final = 48
"""Depth of nested objects, arrays and key paths; what lies deeper is refused."""

EXTRACTION_S_MAX: Final = 5.0
"""Seconds of processor time after which an extractor is told to stop; asked about on every fact and leaf.

Not seconds of the clock: on a busy machine less would be found in a file.
"""

LINE_CHARS_MAX: Final = 2_000
"""Longer lines are searchable but are not read for statements."""

BLOCK_CHARS_MAX: Final = 4_000
"""Longer paragraphs are searchable but are not read for quantities and dates."""

SUBJECT_CHARS_MAX: Final = 160
KEY_CHARS_MAX: Final = 80
VALUE_CHARS_MAX: Final = 240
QUOTE_CHARS_MAX: Final = 400

PASSAGE_CHARS: Final = 1_000
"""A passage is closed at the first good place after this many characters."""

PASSAGE_CHARS_MAX: Final = 1_600

QUERY_CHARS_MAX: Final = 1_000
QUERY_TERMS_MAX: Final = 24
PREFIXES_MAX: Final = 4
PREFIX_CHARS_MIN: Final = 2
PREFIX_EXPANSIONS_MAX: Final = 64
"""Words of the index that one ``prefix*`` stands for at most."""

FUZZIES_MAX: Final = 4
FUZZY_CHARS_MIN: Final = 4
"""Characters of a word from which one wrong letter is looked for; shorter ones resemble everything."""

FUZZY_LONG_CHARS: Final = 8
"""Characters of a word from which two wrong letters are looked for."""

FUZZY_EXPANSIONS_MAX: Final = 32
"""Words of the index that one ``fuzzy~`` stands for at most, the likest first."""

FUZZY_WORDS_MAX: Final = 20_000
"""Words of the index that are compared with a ``fuzzy~``: those that begin with the same letter."""

WITHOUT_CHARS_MIN: Final = 3
"""Characters from which ``-word`` leaves out what has the word; before fewer, the dash is that of an option."""

REGEX_MEMORY_BYTES: Final = 8 * 1024 * 1024
"""Bytes that the program and the automaton of one regular expression take; a pattern that needs more is refused."""

REGEX_PIECE_BYTES: Final = 1024 * 1024
"""Bytes that are searched for a regular expression at once, up to the next line end: between two pieces it can end."""

CONVERTED_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes up to which exact search brings other encodings and line ends to one: that is done in memory."""

CANDIDATES_MAX: Final = 4_000
"""Passages of a segment that are weighed for some of a question's words, those that the rarer ones bring up first."""

SCOPE_PATHS_MAX: Final = 1_000
"""Paths to which a ranked query can be bound; from more files it takes the best of all, and lets others sort them."""

QUERY_S_MAX: Final = 0.8
"""Seconds after which a ranked query answers with what it has found."""

BATCH_CHANGES: Final = 512
BATCH_BYTES: Final = 16 * 1024 * 1024
PASSAGE_BATCH_CHANGES: Final = 512

QUICK_BYTES_MAX: Final = 64 * 1024
"""Bytes up to which a text is read before all that waits longer: it takes milliseconds."""

NEWEST_CHANGES: Final = 64
"""The newest changes that are looked at while older ones wait; more than come in between two looks."""

SLICE_CHANGES: Final = 32
SLICE_BYTES: Final = 256 * 1024
"""Changes, and bytes of content, that are read and kept together: the newest wait no longer than for one such slice."""

MARK_S: Final = 0.5
"""Seconds between two times that it is kept how far facts are in the log; after a crash so much is looked at again."""

STAND_BACK_S_MAX: Final = 0.2
"""Seconds that bulk work rests at most after a slice, while others save: as long as that slice took."""

SLOW_CHANGES_MAX: Final = 1_024
"""Large files that wait their turn; with more the log is not read on."""

AHEAD_PATHS_MAX: Final = 4_096
"""Paths of which it is remembered that they were taken before their turn; the others are looked at again."""

MESSAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of one message between the server and its index process."""

PASSAGES_PER_MESSAGE_MAX: Final = 128
"""Passages that go to the index process at once: to write them as JSON takes about a millisecond."""

QUERIES_WAITING_MAX: Final = 64
"""Ranked queries that wait for the index process; one more is answered with nothing at once, as not complete."""

QUERY_ANSWER_S_MAX: Final = 2.0
"""Seconds after which a query that was not answered is told to be not complete."""

QUERY_HUNG_S_MAX: Final = 20.0
"""Seconds after which an index process that has not answered a query is taken for hung and is replaced."""

INDEX_CALL_S_MAX: Final = 600.0
"""Seconds after which a commit is taken for hung: the merging of a large index takes a minute or more."""

INDEX_NICENESS: Final = 10
"""How far the thread that writes the index stands back for everybody else."""

EXTRACTION_NICENESS: Final = 5
"""How far the processes that read files do: with more, facts came seconds late where others want the processors."""

PASSAGE_SLICE_CHANGES: Final = 128
PASSAGE_SLICE_CHARS: Final = 512 * 1024
"""Changes, and characters of their passages, that are written with one commit of the search index."""

PASSAGE_PART_CHARS: Final = 48 * 1024
"""Characters of a long file's passages that are written at once; small files that were saved since come in between."""

COMMIT_PASSAGES: Final = 10_000
"""Passages that are gathered in memory, about 100 MB, before they are written as a segment of the search index."""

LET_BY_MAX: Final = 16
"""Small files, the newest, that are written between two such parts; more would hold up each other."""

COMMIT_TERMS: Final = 50_000
"""Different terms from which a segment is written, however few passages there are: in tables each number is one."""

SEGMENT_TERMS_MAX: Final = 100_000
"""Different terms that a merging gathers in memory, 60 MB; segments with half of them are not merged any more."""

SEGMENT_PASSAGES_MAX: Final = 100_000
"""Passages of a segment from which it is not merged any more: to write more at a time would take the memory."""

CHILD_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space of a process that extracts: the parsers with their threads take half of it before they begin."""

CHILD_OPEN_FILES: Final = 64
CHILD_PREPARED_FILE_BYTES: Final = 64 * 1024 * 1024
"""What the one child that runs before all others may write into a file: parts of the parsers, unpacked once."""

DOCUMENT_CPU_S: Final = 20
"""Seconds of processor time for one document; hundreds of pages take one."""

DOCUMENT_S_MAX: Final = 60.0
"""Seconds after which the child that reads a document is ended: one that works ends by its processor time before."""

TEXT_S_MAX: Final = 60.0
"""Seconds after which the child that reads texts is ended: one that works has long had its `EXTRACTION_S_MAX` then."""

CHILD_START_S_MAX: Final = 30.0
"""Seconds that a child may take until it has started, on a busy machine."""

LARGE_TEXT_BYTES: Final = 1024 * 1024
"""Text from this size on is read by a child of its own, so that small texts need not wait behind it."""

CHILDREN_AT_ONCE: Final = 1
"""Documents that are read at the same time, beside the texts: others need the processors too."""

KILLS_MAX: Final = 2
"""How often a content may cost a child its life before it is never tried again."""

QUARANTINED_MAX: Final = 10_000
"""Contents that are remembered for that; the index state of a file remembers it for longer."""

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of what a child says about one content; what is longer is not believed."""

GIST_HEADINGS_MAX: Final = 400
"""Headings that are kept ready for a description, as many as 2,000 tokens hold; for more all are looked at."""

GIST_FACTS_MAX: Final = 160
"""The same of columns, of symbols, and of what else a file says."""

HEADINGS_PER_FILE_MAX: Final = 50_000
"""Headings in a child's answer; there are no more than lines."""

MODEL_CHUNK_CHARS: Final = 6_000
"""Characters of a file about which a model is asked at once: about 1,500 tokens, which small models can hold."""

MODEL_ANSWER_CHARS_MAX: Final = 64 * 1024
"""Characters of a model's answer that are read."""

MODEL_FACTS_PER_CHUNK_MAX: Final = 24
"""Facts that are kept of one answer."""

MODEL_FACTS_PER_FILE_MAX: Final = 200
"""Facts of one file that come from a model: those that are found by structure are surer, and shall stand out."""

MODEL_QUOTE_CHARS_MIN: Final = 4
"""Characters of a quote from which it says something."""

EMBEDDED_CHARS_MAX: Final = 2_000
"""Characters of a passage that are embedded, with its heading: models cut off what is longer, or refuse it."""

VECTOR_NUMBERS_MAX: Final = 4_096
"""Numbers of a vector; no usual model gives more."""

VECTORS_SPARED_MAX: Final = 1_000
"""Contents that no file has any more and whose vectors are kept, so that going back costs nothing."""

NEAREST_WEIGHED_MAX: Final = 256
"""Passages that are near by their sketches and are weighed by their vectors (70 µs each, 2026-11-30)."""

NEAREST_MAX: Final = 50
"""Passages that search by meaning finds: what comes after them means something else."""
