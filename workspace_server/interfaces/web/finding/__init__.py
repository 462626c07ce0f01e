"""Search, facts and contradictions: what agents are answered, with the lines that it stands on."""
