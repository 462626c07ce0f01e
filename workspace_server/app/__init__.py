"""One server process: the engine, its faces and the ownership of the folder."""
