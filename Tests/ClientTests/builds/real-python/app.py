import greeting

print(greeting.of("the application"))
