"""What runs programs: values, operators, tasks, and the scheduler that drives them."""
