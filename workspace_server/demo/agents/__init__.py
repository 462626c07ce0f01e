"""The agents of the story. Each module is a program; none imports the server."""
