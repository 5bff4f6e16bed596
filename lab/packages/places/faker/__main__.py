import faker

# In a frozen application, it asks `pkgutil` for what is in a folder beside the executable.
faker.Faker.seed(1)
print(faker.Faker("de_DE").name() != "", len(faker.Faker(["en_US", "fr_FR"]).locales))
