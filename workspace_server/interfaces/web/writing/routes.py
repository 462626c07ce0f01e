"""The addresses at which people change files."""

from workspace_server.interfaces.web.view import Section
from workspace_server.interfaces.web.writing import editor, places, uploads

WRITING = Section(
    pages={
        editor.EDIT: editor.edit,
        editor.NEW: editor.new,
        places.MOVE: places.ask_move,
        places.DELETE: places.ask_delete,
        uploads.UPLOAD: uploads.ask,
    },
    forms={
        editor.EDIT: editor.save,
        editor.NEW: editor.create,
        places.MOVE: places.move,
        places.DELETE: places.delete,
        uploads.UPLOAD: uploads.upload,
        uploads.REPLACE: uploads.replace,
    },
)
