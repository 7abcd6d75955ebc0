"""How the shipped model is made: data, network, fitting, export. Needs torch; nothing at run time imports it."""
