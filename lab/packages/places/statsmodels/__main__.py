import statsmodels.api as models

# `from .__init__ import test` stands in it.
table = models.datasets.longley.load_pandas()
print(table.data.shape)
print(round(models.OLS(table.endog, models.add_constant(table.exog)).fit().rsquared, 4))
