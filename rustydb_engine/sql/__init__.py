"""SQL: text to syntax tree, syntax tree to bound tree, bound tree to plan; functions and operators."""
