from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# It finds its folder by `inspect.getsourcefile`.
scores = SentimentIntensityAnalyzer().polarity_scores("This works very well, and I like it!")
print(scores["pos"] > scores["neg"], scores["compound"] > 0.5)
