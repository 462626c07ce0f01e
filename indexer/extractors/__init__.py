"""The extractors, one file each; this list is the only place that names them all."""

from typing import Final

from indexer.extractors import (
    code,
    delimited,
    documents,
    html_page,
    images,
    ini_data,
    json_data,
    logs,
    markdown,
    notebook,
    pages,
    plain,
    python_code,
    rst,
    shell,
    toml_data,
    xml_data,
    yaml_data,
)
from indexer.extractors.registry import Extractor, Registry

REGISTRY: Final = Registry(
    (
        plain.TEXT,
        markdown.MARKDOWN,
        delimited.DELIMITED,
        json_data.JSON,
        json_data.JSON_LINES,
        yaml_data.YAML,
        toml_data.TOML,
        xml_data.XML,
        html_page.HTML,
        ini_data.INI,
        logs.LOG,
        notebook.NOTEBOOK,
        python_code.PYTHON,
        *code.CODE,
        rst.RST,
        shell.SHELL,
        documents.DOCUMENT,
        documents.MAIL,
        images.IMAGE,
        pages.PAGE,
    ),
    fallback=plain.OTHER,
)

__all__ = ["REGISTRY", "Extractor", "Registry"]
