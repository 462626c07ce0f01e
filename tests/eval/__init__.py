"""The evaluation: a workspace written for it, questions with their answers, and what asking finds of them."""
