// room for the simulation
