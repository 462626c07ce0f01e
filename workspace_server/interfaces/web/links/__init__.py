"""Share links: the page that makes and revokes them, and the door for who comes in by one."""
