"""The word lists that the rules for statements and questions go by."""

from typing import Final


def words(text: str) -> frozenset[str]:
    """Return the words of *text* as a set: a list of words that people can read and extend."""
    return frozenset(text.split())


GENERIC_NAMES: Final = words(
    "readme index overview summary introduction notes note facts fact data config configuration settings "
    "requirements report log main init results result output draft final plan todo details background metadata "
    "table appendix conclusion general misc contents untitled document page section features pricing reviews "
    "findings comparison package project license changelog usage installation limits quotas specs specification "
    "specifications properties parameters attributes characteristics basics essentials glossary terms definitions "
    "vocabulary faq"
)
"""Names of files and headings that say what kind of text this is, not what it is about."""

LABELS: Final = words(
    "note notes nb warning caution attention important tip hint example examples see usage e.g eg i.e ie caveat "
    "remark info summary tl;dr ps update edit fix http https output input result before after answer a q returns "
    "raises args arguments parameters yields where do don't dont good bad better worse wrong right correct incorrect "
    "breaking quote yes no run execute enter press click"
)
"""What stands before a colon without being the key of a value."""

NEVER_IN_KEY: Final = words(
    "is are was were be been has have had can could will would should must may might do does did there this these "
    "those them that as instead here which who whom if when while because but and or then than so we you i they he "
    "she it following follows see use using used let make sure please"
)
"""Words that make the text before a colon a sentence rather than a key."""

NEVER_FIRST_IN_KEY: Final = words(
    "the a an no for in on with as to by at from always never add adds added allow allowed avoid breaking bump bumped "
    "bumps change changed deprecate deprecated disable drop dropped enable ensure fix fixed fixes handle improve "
    "improved increase keep move moved prevent raise refactor remove removed rename replace revert set simplify speak "
    "stop support switch try update upgrade view write"
)
"""Words that begin a sentence, or an entry of a change log, rather than a key."""

PLACING: Final = words("on in at off out under by")
"""Words that begin a key of few words before a short value (``On call``, ``In stock``), else a sentence."""

PHRASES: Final = frozenset(
    {"in short", "in general", "in particular", "in fact", "in brief", "in summary", "in addition", "in other words",
     "in practice", "in theory", "in contrast", "in detail", "in return", "in turn", "in this case", "in any case",
     "in case", "in that case", "in doubt", "in the end", "in the meantime", "at first", "at last", "at least",
     "at most", "at best", "at worst", "at once", "on the other hand", "on the contrary", "on average", "on top",
     "by the way", "by contrast", "by now", "by hand", "out of these"}
)  # fmt: skip
"""What begins so and names nothing."""

ASKED_OF_A_THING: Final = words("is has can does are have")
"""Words that begin a key before *yes* or *no* (``Is public``), else a sentence."""

JOINING: Final = words("and or")
"""Words that join two names in a key before a short value, else two parts of a sentence."""

LINKS: Final = words(
    "is are was were equals = takes took costs cost lasts lasted reaches reached weighs "
    "averages averaged totals totalled measures of stays remains"
)
"""Words that join what is measured to its number."""

FILLERS: Final = words(
    "set to at by currently now only about up most least around over under more less fewer nearly almost "
    "approximately roughly than exactly limited fixed capped a an the another just some"
)
"""Words that may stand between a link and its number."""

DETERMINERS: Final = words("the a an its their our his her this that each every and or but")
"""Words before which the name of what is measured begins."""

PREPOSITIONS: Final = words(
    "of in on for with per from by between under during towards toward against above below across after before behind "
    "beyond into onto through until via within without"
)
"""Words that join a name to what it is of: ``uptime in March``."""

IDENTIFYING: Final = words(
    "id ids no nr number code codes status zip postcode extension phone mobile port year month day week "
    "index key rank centre center"
)
"""Words in the head of a column whose numbers name things: their mean and sum say nothing."""

COMPARING: Final = words(
    "more less fewer higher lower above below faster slower cheaper dearer larger smaller bigger longer shorter better "
    "worse behind ahead earlier later older younger up down away off"
)
"""Words that make the amount before them a difference: what it is measured of is not what stands before it."""

UNTELLING_KEYS: Final = words("default value values type required optional unit min max minimum maximum allowed")
"""Keys that say nothing where neither a heading nor an item above says of what."""

NOTHING_SAID: Final = frozenset(
    {"none", "none yet", "none so far", "none at present", "none known", "nothing", "nothing yet", "n/a", "na", "tbd",
     "tba", "to be decided", "to be defined", "no", "no open questions", "...", "…", "?"}
)  # fmt: skip
"""What stands in an empty list of decisions, risks or questions, case folded and without its full stop."""

STOP_WORDS: Final = words(
    "a an and any are as at be been being but by can could did do does doing for from had has have how i if in into "
    "is it its me much many my no not of on or our please say says should so some such tell than that the their them "
    "then there these they this those to us use used uses using was we were what when where which while who whom "
    "whose why will with would you your about according give list show find me"
)
"""Words that a question is asked with, not what it asks for."""

NEVER_IN_CONFLICT: Final = words(
    "date dates status state author authors title version versions id ids name names created updated modified "
    "changed time timestamp day month year by owner reviewer assignee description summary abstract note notes "
    "comment comments url urls link links source sources path file files tag tags type kind category heading text "
    "message step priority progress todo decision risk question value class function keyword keywords example "
    "examples field key section page line index order count"
)
"""Keys that rightly differ from file to file."""
