"""Which parts of a language's syntax tree are symbols: one entry a language, read by `symbols.py`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from indexer.vocabulary import words

DECLARED: Final = "declared"
"""Stands for a key that the declaration itself tells: ``function``, ``constant``, or none."""


def _keyed(**types: str) -> Mapping[str, str]:
    return {each: key for key, many in types.items() for each in many.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How to read one language. What is said of a tree is said in the names of its grammar's nodes.

    Attributes:
        title: What people call it.
        grammar: The module of the grammar, and the function in it that gives the language.
        symbols: Nodes that are symbols, with the key of their fact.
        values: What a symbol is whose value or type is such a node.
        owners: Nodes that are no symbols and name those inside them, with the field that holds the name.
        leads: Nodes around one declaration, whose beginning is the beginning of its signature.
        lists: Nodes in which declarations stand.
        skipped: Nodes before a declaration that are no part of its signature.
        comments: Nodes that are comments.
        docs: How a comment begins that says what the symbol below it is.
        constants: The words before the name that make a constant; one of these sets is enough.
        constant_name: What the name of a constant looks like.
    """

    name: str
    title: str
    grammar: tuple[str, str]
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...] = ()
    symbols: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    leads: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset({"comment"})
    docs: tuple[str, ...]
    constants: tuple[frozenset[str], ...] = ()
    constant_name: re.Pattern[str] = re.compile(r"\w+")


_CONDITIONS: Final = "preproc_if preproc_ifdef preproc_else preproc_elif preproc_elifdef linkage_specification"
C: Final = Language(
    name="c",
    title="C",
    grammar=("tree_sitter_c", "language"),
    suffixes=(".c",),
    symbols=_keyed(
        function="function_definition preproc_function_def",
        struct="struct_specifier union_specifier",
        enum="enum_specifier",
        type="type_definition",
        constant="preproc_def",
        declared="declaration",
    ),
    lists=words(f"translation_unit declaration_list {_CONDITIONS}"),
    docs=("/*", "//"),
    constants=(words("const"),),
)
CPP: Final = Language(
    name="cpp",
    title="C++",
    grammar=("tree_sitter_cpp", "language"),
    suffixes=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h"),
    symbols={**C.symbols, **_keyed(**{"class": "class_specifier"}, type="type_definition alias_declaration",
             declared="declaration field_declaration")},
    owners={"namespace_definition": "name"},
    leads=words("template_declaration"),
    lists=C.lists | {"field_declaration_list"},
    docs=C.docs,
    constants=(words("const"), words("constexpr")),
)  # fmt: skip
C_SHARP: Final = Language(
    name="csharp",
    title="C#",
    grammar=("tree_sitter_c_sharp", "language"),
    suffixes=(".cs",),
    symbols=_keyed(
        **{"class": "class_declaration record_declaration"},
        struct="struct_declaration record_struct_declaration",
        interface="interface_declaration",
        enum="enum_declaration",
        type="delegate_declaration",
        function="method_declaration constructor_declaration operator_declaration",
        property="property_declaration",
        declared="field_declaration",
    ),
    owners={"namespace_declaration": "name"},
    lists=words("compilation_unit declaration_list file_scoped_namespace_declaration preproc_if preproc_else"),
    skipped=words("attribute_list"),
    docs=("///", "/**"),
    constants=(words("const"), words("static readonly")),
)
GO: Final = Language(
    name="go",
    title="Go",
    grammar=("tree_sitter_go", "language"),
    suffixes=(".go",),
    media_types=("text/x-go",),
    symbols=_keyed(
        function="function_declaration method_declaration method_elem",
        type="type_spec type_alias",
        constant="const_spec",
    ),
    values={"struct_type": "struct", "interface_type": "interface"},
    leads=words("type_declaration const_declaration"),
    lists=words("source_file interface_type"),
    docs=("/*", "//"),
)
JAVA: Final = Language(
    name="java",
    title="Java",
    grammar=("tree_sitter_java", "language"),
    suffixes=(".java",),
    symbols=_keyed(
        **{"class": "class_declaration record_declaration"},
        interface="interface_declaration annotation_type_declaration",
        enum="enum_declaration",
        function="method_declaration constructor_declaration",
        declared="field_declaration",
    ),
    lists=words("program class_body interface_body enum_body enum_body_declarations"),
    skipped=words("marker_annotation annotation"),
    comments=words("line_comment block_comment"),
    docs=("/**",),
    constants=(words("static final"),),
)
JAVASCRIPT: Final = Language(
    name="javascript",
    title="JavaScript",
    grammar=("tree_sitter_javascript", "language"),
    suffixes=(".js", ".jsx", ".mjs", ".cjs"),
    media_types=("text/javascript",),
    symbols=_keyed(
        function="function_declaration generator_function_declaration method_definition",
        **{"class": "class_declaration"},
        declared="variable_declarator field_definition assignment_expression",
    ),
    values=_keyed(function="arrow_function function_expression generator_function", **{"class": "class"}),
    leads=words("export_statement lexical_declaration variable_declaration"),
    lists=words("program expression_statement class class_body"),
    skipped=words("decorator"),
    docs=("/**",),
    constants=(words("const"),),
    constant_name=re.compile(r"[A-Z][A-Z0-9_]+"),
)
TYPESCRIPT: Final = Language(
    name="typescript",
    title="TypeScript",
    grammar=("tree_sitter_typescript", "language_typescript"),
    suffixes=(".ts", ".mts", ".cts"),
    media_types=("text/x-typescript",),
    symbols={**JAVASCRIPT.symbols, **_keyed(
        function="function_signature method_signature abstract_method_signature",
        **{"class": "abstract_class_declaration"},
        interface="interface_declaration",
        type="type_alias_declaration",
        enum="enum_declaration",
        declared="public_field_definition",
    )},
    values=JAVASCRIPT.values,
    owners={"internal_module": "name", "module": "name"},
    leads=JAVASCRIPT.leads | words("ambient_declaration"),
    lists=JAVASCRIPT.lists | words("interface_body object_type statement_block"),
    skipped=JAVASCRIPT.skipped,
    docs=JAVASCRIPT.docs,
    constants=JAVASCRIPT.constants,
    constant_name=JAVASCRIPT.constant_name,
)  # fmt: skip
TSX: Final = Language(
    name="tsx",
    title="TypeScript",
    grammar=("tree_sitter_typescript", "language_tsx"),
    suffixes=(".tsx",),
    symbols=TYPESCRIPT.symbols,
    values=TYPESCRIPT.values,
    owners=TYPESCRIPT.owners,
    leads=TYPESCRIPT.leads,
    lists=TYPESCRIPT.lists,
    skipped=TYPESCRIPT.skipped,
    docs=TYPESCRIPT.docs,
    constants=TYPESCRIPT.constants,
    constant_name=TYPESCRIPT.constant_name,
)
PHP: Final = Language(
    name="php",
    title="PHP",
    grammar=("tree_sitter_php", "language_php"),
    suffixes=(".php",),
    symbols=_keyed(
        **{"class": "class_declaration"},
        interface="interface_declaration",
        trait="trait_declaration",
        enum="enum_declaration",
        function="function_definition method_declaration",
        constant="const_element",
    ),
    owners={"namespace_definition": "name"},
    leads=words("const_declaration"),
    lists=words("program declaration_list enum_declaration_list compound_statement if_statement"),
    skipped=words("attribute_list"),
    docs=("/**",),
)
RUBY: Final = Language(
    name="ruby",
    title="Ruby",
    grammar=("tree_sitter_ruby", "language"),
    suffixes=(".rb", ".rake", ".gemspec"),
    symbols=_keyed(**{"class": "class"}, module="module", function="method singleton_method", declared="assignment"),
    lists=words("program body_statement singleton_class"),
    docs=("#",),
    constants=(frozenset(),),
    constant_name=re.compile(r"[A-Z]\w*"),
)
RUST: Final = Language(
    name="rust",
    title="Rust",
    grammar=("tree_sitter_rust", "language"),
    suffixes=(".rs",),
    media_types=("text/x-rust",),
    symbols=_keyed(
        function="function_item function_signature_item",
        struct="struct_item union_item",
        enum="enum_item",
        trait="trait_item",
        type="type_item associated_type",
        constant="const_item static_item",
        macro="macro_definition",
    ),
    owners={"impl_item": "type", "mod_item": "name"},
    lists=words("source_file declaration_list foreign_mod_item"),
    skipped=words("attribute_item"),
    comments=words("line_comment block_comment"),
    docs=("///", "/**"),
)
LANGUAGES: Final = (C, CPP, C_SHARP, GO, JAVA, JAVASCRIPT, TYPESCRIPT, TSX, PHP, RUBY, RUST)
