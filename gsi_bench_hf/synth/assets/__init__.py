"""The things that stand in a scene, made from code."""
