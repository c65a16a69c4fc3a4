"""State sites that fall ill on a timetable, on this machine only: what `vigie demo` watches."""
